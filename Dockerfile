# The hub's image: the locked environment, the code, no secrets, no root. Context: the repository.
ARG PYTHON_IMAGE=python:3.12.11-slim-bookworm
FROM ${PYTHON_IMAGE} AS build

WORKDIR /opt/hub
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv .venv \
 && awk '/^uv==/ {found = 1; print; next} found && /^ / {print; next} found {exit}' requirements.lock > uv.lock \
 && .venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r uv.lock \
 && .venv/bin/uv pip install --no-cache --python .venv/bin/python --require-hashes --compile-bytecode \
      -r requirements.lock
COPY . .
RUN .venv/bin/uv pip install --no-cache --offline --no-build-isolation --no-deps --python .venv/bin/python -e . \
 && .venv/bin/python -m compileall -q canonical_model connectors mappings hub dags plugins sandbox

FROM ${PYTHON_IMAGE}
RUN useradd --uid 50000 --create-home --home-dir /home/hub hub \
 && install -d -o hub -g hub /opt/hub/.airflow /var/lib/hub/landing /var/lib/hub/logs /var/lib/hub/sandbox
COPY --from=build --chown=root:root /opt/hub /opt/hub
WORKDIR /opt/hub
ENV PATH=/opt/hub/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HUB_ROOT=/opt/hub \
    AIRFLOW_HOME=/opt/hub/.airflow \
    AIRFLOW_CONFIG=/opt/hub/airflow.cfg
USER hub
CMD ["airflow", "version"]
