# Everything on one port in one container, as under `make run`: functions, live video and web app.
#
#   docker build -t fer .
#   export FER_EXPORT_TOKEN=$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')
#   docker run --read-only --tmpfs /tmp -p 7860:7860 -v fer-data:/data -e FER_EXPORT_TOKEN fer
#   docker run --read-only --tmpfs /tmp -p 7860:7860 -e FER_BUCKET=gs://bucket -e FER_EXPORT_TOKEN fer
#
# With TLS, behind a proxy: compose.yaml. Without the token it does not start: see README.md. Port 7860 is the one of
# Hugging Face Spaces. Every step below also runs outside a container, and `make test-container` runs them so.

FROM node:22.21.1-bookworm-slim AS web
WORKDIR /app
COPY web/package.json web/package-lock.json web/.npmrc web/
RUN npm ci --prefix web --no-audit --no-fund
COPY NOTICE ./
COPY docs/images/astronaut.jpg docs/images/astronaut.jpg
COPY web/ web/
RUN npm run build --prefix web

FROM python:3.11.14-slim-bookworm AS python
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY functions/predict/requirements.txt functions/predict/requirements.txt
COPY functions/feedback/requirements.txt functions/feedback/requirements.txt
COPY functions/export/requirements.txt functions/export/requirements.txt
COPY streaming/requirements.txt streaming/requirements.txt
COPY shared/requirements.txt shared/requirements.txt
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    -r functions/predict/requirements.txt -r functions/feedback/requirements.txt -r functions/export/requirements.txt \
    -r streaming/requirements.txt -r shared/requirements.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY shared/ shared/
COPY models/ models/
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .
COPY tools/ tools/
# Downloads YuNet's file; without access to OpenCV Zoo, MTCNN serves, whose files are in the tree.
RUN .venv/bin/python -m tools.models

FROM python:3.11.14-slim-bookworm AS server
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FER_MODELS_DIR=models \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=33554432 \
    MALLOC_TRIM_THRESHOLD_=67108864 \
    HOST=0.0.0.0 \
    PORT=7860 \
    FER_BUCKET=file:///data
WORKDIR /app
COPY --from=python /app/.venv .venv
COPY --from=python /app/models models
COPY LICENSE NOTICE ./
COPY functions/ functions/
COPY streaming/ streaming/
COPY local/ local/
COPY docs/images/ docs/images/
COPY --from=web /app/web/dist web/dist
RUN mkdir -p /data && chown 1000:1000 /data

USER 1000:1000
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD [".venv/bin/python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/', timeout=4)"]
CMD [".venv/bin/python", "-m", "local.server"]
