from medrag.cli import main

main()
