"""The CDK app: one stage, named by the context `stage`."""

from signal9_deploy.synthesis import synthesise

if __name__ == "__main__":
    synthesise()
