"""Where jobs run beyond this machine: on a Ray cluster, behind `harness.runner.walk.Executor`."""
