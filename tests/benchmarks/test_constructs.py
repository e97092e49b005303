"""What the layer of the API's functions is made of."""

from .constructs import pinned


def test_a_layer_holds_what_is_needed_pinned_and_neither_ourselves_nor_extras() -> None:
    pins = pinned("signal9-core", "signal9-handlers")

    names = {pin.partition("==")[0] for pin in pins}
    assert {"aws-lambda-powertools", "pydantic", "pydantic-core"} <= names
    assert not {"boto3", "pandas", "signal9-core", "uvicorn"} & names
    assert all(pin.count("==") == 1 for pin in pins)
