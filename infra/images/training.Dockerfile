# The retraining job: `python -m training.retraining.retrain`. Two environments, as in a checkout: .venv-training trains, .venv is
# what serves, in which a challenger has to answer before it is published.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /app
COPY functions/predict/requirements.txt functions/predict/requirements.txt
COPY functions/export/requirements.txt functions/export/requirements.txt
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --disable-pip-version-check \
    -r functions/predict/requirements.txt -r functions/export/requirements.txt
COPY training/requirements.txt training/requirements.txt
RUN python -m venv .venv-training && .venv-training/bin/pip install --no-cache-dir --disable-pip-version-check \
    -r training/requirements.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY shared/ shared/
COPY models/ models/
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps . \
    && .venv-training/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .
COPY docs/images/ docs/images/
COPY functions/ functions/
COPY tools/ tools/
COPY training/ training/

USER 65532:65532
# A job ends by itself, and its exit code is the result.
HEALTHCHECK NONE
ENTRYPOINT [".venv-training/bin/python", "-m", "training.retraining.retrain"]
