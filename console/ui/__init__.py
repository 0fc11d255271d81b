"""What pages show, a folder per feature over a shared `frame`; only `ui` and the pages know Streamlit."""
