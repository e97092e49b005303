"""A lending library: a product unrelated to Signal9, built from its constructs."""

from pathlib import Path

import aws_cdk as cdk

import signal9_constructs as parts

SOURCES = Path(__file__).parent / "library"
LENT = {"type": "object", "required": ["book"], "properties": {"book": {"type": "string"}}}


class Library(cdk.Stack):
    """Books are lent over an API; an event notifies the next reader."""

    def __init__(self, scope: parts.GuardedStage, id_: str) -> None:
        super().__init__(scope, id_)
        seen = parts.Observability(self, "Seen", namespace="Library")
        books = parts.DataTable(self, "Books", partition_key="book", alarm_topic=seen.topic)
        events = parts.EventBackbone(self, "Events", schemas={"Book Lent": LENT})
        code = parts.PythonBundle(sources=[SOURCES], compiled=False)
        lend = parts.PythonFunction(self, "Lend", code=code, handler="library.lend.handler")
        notify = parts.PythonFunction(self, "Notify", code=code, handler="library.notify.handler")
        books.grant_read_write(lend)
        events.grant_publish(lend)
        events.rule(
            "Notify", source="library", detail_types=["Book Lent"], targets=[notify.function]
        )
        lending = parts.Route("POST", "/loans", lend.function, body=LENT, open=True)
        service = parts.RestService(self, "Api", routes=[lending], rate_per_s=5, burst=10)
        parts.Firewall(self, "Firewall").protect(service.stage)
        dead_letters = [lend.dead_letters, notify.dead_letters, events.dead_letters]
        functions = [lend.function, notify.function]
        seen.watch("Loans", apis=[service.api], functions=functions, dead_letters=dead_letters)


app = cdk.App()
packs = [parts.RulePack.AWS_SOLUTIONS, parts.RulePack.SERVERLESS]
stage = parts.GuardedStage(app, "Library-Dev", tags={"Product": "library"}, rule_packs=packs)
stage.acknowledge(*parts.known_findings(Library(stage, "Library")))
app.synth()
