"""The stacks of a stage, in order of deployment."""
