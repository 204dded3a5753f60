"""Making and measuring the classifier: labelled sentences in, a folder of weights and a table of figures out.

`train.train(TrainOptions)` and `evaluate.evaluate(scorer, thresholds, EvaluateOptions)` are the doors; the
commands `tocsin train` and `tocsin evaluate` only wrap them. Nothing here is imported by the worker.
"""

__all__: list[str] = []
