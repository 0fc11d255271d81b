"""`python -m console.ui.frame.server run app.py ...`: Streamlit's command line, over connections with deadlines."""

from __future__ import annotations

from streamlit.web.cli import main

from console.connections import use_everywhere
from console.telemetry import start

if __name__ == "__main__":
    use_everywhere()
    start("geval-console")
    main()
