"""The CDK app: one stage, named by the context `stage`."""

from signal9_deploy.stage import synthesize

if __name__ == "__main__":
    synthesize()
