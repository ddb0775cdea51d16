# syntax=docker/dockerfile:1
# One image for web, worker, beat and the one-shot migration; docker-compose.yml says which command each runs.

FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements/runtime.txt /tmp/runtime.txt
RUN /venv/bin/pip install --require-hashes -r /tmp/runtime.txt
WORKDIR /app
COPY . .
# Static files and translations are part of the image; the values below are read by nothing that runs later.
RUN DJANGO_SETTINGS_MODULE=config.settings.production SECRET_KEY=build PHONE_KEY=build ALLOWED_HOSTS=build \
    DATABASE_URL=postgres://build@localhost/build DATABASE_OWNER_URL=postgres://build@localhost/build \
    REDIS_URL=redis://localhost/0 \
    sh -c "/venv/bin/python manage.py translations --compile && /venv/bin/python manage.py collectstatic --noinput"

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=config.settings.production
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin patron \
    && mkdir -p /var/lib/patron && chown patron /var/lib/patron
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER patron
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--keep-alive", "75", "--graceful-timeout", "20", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
