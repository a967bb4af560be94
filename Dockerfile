# The service's image: built in one stage, run by a user without rights in another.
# It writes nowhere but /tmp, so it runs with a read-only file system and a tmpfs there.

FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/taskmed
COPY requirements/runtime.lock /tmp/runtime.lock
RUN python -m pip --python /opt/taskmed/bin/python install --no-deps --require-hashes \
    --only-binary :all: --no-compile -r /tmp/runtime.lock
COPY monitor /opt/taskmed/src/monitor
COPY app /opt/taskmed/src/app
COPY deploy/taskmed /opt/taskmed/bin/taskmed
# Compiled here: the image's file system may be read-only. A hash in place of the time keeps the files alike.
RUN chmod 755 /opt/taskmed/bin/taskmed \
    && /opt/taskmed/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/taskmed

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="TaskMed" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 taskmed \
    && useradd --uid 10001 --gid taskmed --no-create-home --home-dir /tmp --shell /usr/sbin/nologin taskmed
COPY --from=build /opt/taskmed /opt/taskmed
ENV PATH=/opt/taskmed/bin:$PATH PYTHONPATH=/opt/taskmed/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 PORT=8000
WORKDIR /tmp
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/api/health/ready', timeout=2)"]
ENTRYPOINT ["taskmed"]
CMD ["serve", "--migrate"]
