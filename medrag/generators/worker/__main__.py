"""Start the worker. Only ``medrag.generators.worker_client`` does so."""

from medrag.generators.worker.loop import main

if __name__ == "__main__":
    main()
