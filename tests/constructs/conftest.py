"""Tests of the constructs: no template validator, no deprecated API, every template made once."""

import os
import warnings

os.environ["CDK_VALIDATION"] = "false"
os.environ["JSII_DEPRECATED"] = "fail"

with warnings.catch_warnings():
    # jsii reads its own metadata without naming an encoding.
    warnings.simplefilter("ignore", EncodingWarning)
    import jsii  # noqa: F401
