"""Making and measuring the classifier: labelled sentences in, a folder of weights and a table of figures out.

`gather.gather` reads the sentences, `train.train` makes weights of them, `sets.measure_all` measures; the commands
`tocsin train` and `tocsin evaluate` only wrap them. Nothing here is imported by the worker.
"""

__all__: list[str] = []
