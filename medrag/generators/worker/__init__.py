"""The process that holds a language model: ``python -m medrag.generators.worker``.

llama.cpp can end the process it runs in (a CPU fault, a bad file, memory), so it never runs in
the process of the caller. The two talk in lines of JSON over the worker's standard input and
output; see ``loop``.
"""
