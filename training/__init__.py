"""Makes the judge that medrag ships, from public data. The product never imports this.

``python -m training --help`` says how. See the model card beside the weights for the data, their
licences, the figures and the limits.
"""
