"""The words of financial news and their weights, selected for this project.

Phrases are separated by semicolons and leave out articles and `its`; hyphens are spaces; `#` stands
for any number. A plus sign stands for the regular forms of a verb: `surge+` for surge, surges,
surged and surging.
"""

from collections.abc import Mapping
from typing import Final

TONES: Final[Mapping[float, str]] = {
    3.0: """
        all time high; blowout; raised forecast; raised guidance; raised outlook; raises forecast;
        raises guidance; raises outlook; record earnings; record high; record highs;
        record profit; record profits; skyrocket+; stellar
        """,
    2.0: """
        beat+; better than expected; blockbuster; boom+; breakthrough; bullish; buy rating;
        exceed+; excellent; exceptional; outperform+; outstanding; oversubscribed; rally+; record;
        return to profit; returned to profit; returns to profit; robust; strength; strong;
        strong buy; stronger; stronger than expected; strongest; swung to profit; thrive+;
        top pick; triumph; turnaround; upgrade+
        """,
    1.5: """
        acclaim; acclaimed; approval; approvals; approve+; attractive; award+; boost+; buyback;
        buybacks; cleared; clears; efficiency; efficient; enthusiasm; favorable; favourable;
        flourish; green light; healthy; impress; impressed; impressive; improve+; improvement;
        improvements; innovation; innovations; innovative; insider buying; investment grade;
        leadership; lucrative; market share gains; momentum; optimism; optimistic; overweight;
        popular; praise+; profitability; profitable; prosper; prosperity; rebound+; recover+;
        recovery; repurchase; repurchases; resilience; resilient; reward; rewards;
        share repurchase; solid; special dividend; stock split; succeed+; success; successes;
        successful; successfully; superior; top; topped; topping; tops; upbeat; upside; victory;
        win; winner; winners; winning; wins; won
        """,
    1.0: """
        able; advantage; advantages; agreement; alliance; benefit+; best; better; breakeven;
        collaborate; collaboration; confidence; confident; dividend; dividends; ease; encouraging;
        endorse; endorsed; enhance+; exclusive; fastest; good; great; hope; hopeful; hopes;
        leading; milestone; opportunities; opportunity; partner+; partnership; pioneer;
        pioneering; positive; premium; proceeds; progress; promising; reliable; safe; secure+;
        stability; stabilize+; stable; support+; surplus; sustainable; synergies; synergy; upward;
        valuable; welcome+
        """,
    0.5: """
        contract; contracts; debut+; demand; faster; introduce+; invest+; investment; investments;
        launch+; order; orders; popularity; profit; profits; release+; reveal+; unveil+
        """,
    0.0: """
        bottom line; ex dividend; fair value; for record; good faith; in order to;
        interest expense; interest rate; interest rates; not only; profit and loss; record date;
        risk free; risk management; top line; track record; up to
        """,
    -0.5: """
        caution; cautious; challenge+; delay+; halt+; oppose+; pressure; pressures; seasonal;
        soft; softer; stop; stopped; stops; tough; tougher; volatile; volatility
        """,
    -1.0: """
        antitrust; apologise+; apologize+; apology; complain+; criticise+; criticism; criticize+;
        departed; departs; departure; difficult; difficulties; difficulty; dilute+; dilution;
        dispute; disputes; disrupt; disrupted; disruption; disruptions; exit+; fault; faults;
        faulty; flat; headwind; headwinds; negative; obstacle; obstacles; pessimism; pessimistic;
        problem; problems; protest; protests; question; questioned; quit; quits; reject+; resign+;
        resignation; scrutiny; sluggish; stagnant; stall+; step down; stepped down; stepping down;
        steps down; stress; struggle+; subdued; tension; tensions; turmoil; unable; underweight;
        uneven; warn+; warnings
        """,
    -1.5: """
        abandon+; accuse+; alarm; alarming; attack+; bad; bearish; blame+; damage+; deteriorate+;
        disappoint+; disappointment; downbeat; downside; downturn; error; errors; fail+; failure;
        failures; fierce competition; flaw+; glitch; glitches; hurt+; infringe+; infringement;
        insider selling; intense competition; job cuts; lose+; lost; monopoly; outage; outages;
        overvalued; poor; poorly; shortage; shortages; stiff competition; strike; strikes; sue+;
        suspend+; suspension; terminate; terminated; trouble+; underperform+; unfavorable;
        unfavourable; unprofitable; violate+; violation; violations; weak; weaken+; weaker;
        weakness; weaknesses; worse; worsen+; worst; wrong
        """,
    -2.0: """
        all time low; bleak; breach; breaches; bribery; bubble; corruption; crash+; cyberattack;
        cyberattacks; delist+; downgrade+; fined; fresh low; hack; hacked; hackers; illegal;
        impairment; impairments; misconduct; miss+; new low; oust; ousted; panic; recall+;
        record low; restate; restated; restatement; sell off; sell rating; selloff; short seller;
        short sellers; shortfall; slump+; subpoena; weaker than expected; worse than expected;
        write down; write off; writedown; writedowns; writeoff
        """,
    -3.0: """
        bankrupt; catastrophe; catastrophic; chapter #; collapse+; cut forecast; cut guidance;
        cut outlook; cuts forecast; cuts guidance; cuts outlook; disaster; disastrous;
        embezzlement; fraud; fraudulent; going concern; insolvent; liquidation; lowered forecast;
        lowered guidance; lowered outlook; lowers forecast; lowers guidance; lowers outlook;
        ponzi; profit warning; record loss; record losses; scandal
        """,
}
"""Words that are good or bad news by themselves, from -3 to 3."""

RISING: Final[Mapping[float, str]] = {
    2.5: "jump+; soar+; spike+; surge+",
    1.5: """
        accelerate+; advance+; climb+; double+; expand+; expansion; gain+; grew; grow+; grown;
        growth; higher; increase+; raise+; rise+; risen; rose; triple+; up #; up about #;
        up almost #; up from; up more than #; up nearly #; up over #
        """,
    0.0: "mount+; swell+; widen+",
}
"""Moves up: good news, unless a burden rises."""

FALLING: Final[Mapping[float, str]] = {
    -2.5: "nosedive; plummet+; plunge+; sank; sink+; tumble+",
    -1.5: """
        cut; cuts; cutting; decline+; decrease+; dip; dipped; dips; down #; down about #;
        down almost #; down from; down more than #; down nearly #; down over #; down to; drop;
        dropped; dropping; drops; fall+; fallen; fell; lower+; retreat+; shed; shrank; shrink+;
        slid; slide+; slip; slipped; slipping; slips; slow+; slowdown; slower
        """,
    -0.5: "reduce+; reduction; trim; trimmed; trims",
    0.0: """
        avert+; avoid+; cancel; cancelled; cancels; dismiss+; end+; escape+; lift+; narrow+;
        pay down; repaid; repay; repays; resolve+; settle+; settlement; withdraw; withdrawn;
        withdraws; withdrew
        """,
}
"""Moves down, and endings: bad news or none, unless a burden falls or ends."""

BURDENS: Final[Mapping[float, str]] = {
    -3.0: "bankruptcies; bankruptcy; insolvency",
    -2.0: """
        bad loans; crisis; default; defaults; delinquencies; fines; layoff; layoffs; loss; losses;
        net loss; penalties; penalty; recession
        """,
    -1.5: """
        allegation; allegations; charge; charges; complaint; complaints; concern; concerns; fear;
        fears; foreclosures; investigation; investigations; jobless claims; lawsuit; lawsuits;
        litigation; outflows; probe; probes; sanction; sanctions; uncertainty; unemployment;
        worries; worry
        """,
    -1.0: """
        backlash; ban; bans; churn; deficit; deficits; fee; fees; inflation; jobless; risk; risks;
        risky; tariff; tariffs; threat; threats
        """,
    -0.5: """
        borrowing; cost; costs; debt; debts; expense; expenses; liabilities; spending; tax; taxes
        """,
}
"""Words for things of which less is better."""

DEGREES: Final[Mapping[float, str]] = {
    1.5: """
        big; biggest; deep; deeply; dramatically; exceptionally; extremely; far; heavily; huge;
        hugely; largest; major; massive; massively; much; severe; severely; sharp; sharply;
        significantly; steep; steeply; strongly; substantially; vastly; very; well
        """,
    0.5: """
        bit; fairly; little; marginally; mildly; minor; moderately; modest; modestly; partially;
        partly; slight; slightly; small; somewhat; temporarily; temporary
        """,
}
"""Factors for the word beside them."""

ABOVE: Final = """
    above; ahead of; beat+; better than; beyond; exceed+; higher than; more than; over; surpass+;
    topped; topping; tops
    """
BELOW: Final = """
    behind; below; falls short; fell short; fewer than; lagged; lags; less than; lower than; miss+;
    short of; shy of; trailed; trailing; under
    """
EXPECTED: Final = """
    analysts; consensus; estimate+; expectation; expectations; expected; forecast; forecasts;
    predicted; projections; wall street
    """
NEGATIONS: Final = """
    barely; cannot; denied; denies; fail to; failed to; fails to; hardly; lack of; lacked; lacks;
    neither; never; no; no longer; none; nor; not; nothing; ruled out; rules out; unlikely; without
    """
