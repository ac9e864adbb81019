# The processes of docker-compose.yml in one image: `web`, `worker`, `beat`, `migrate` and every other command of jiban.
FROM python:3.13-slim

WORKDIR /srv/jiban
COPY requirements.txt ./
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt

COPY pyproject.toml README.md LICENSE ./
COPY sla_policies sla_policies
COPY service service
COPY workers workers
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
 && useradd --system --user-group --no-create-home jiban \
 && install -d -o jiban -g jiban -m 0700 /data

ENV JIBAN_DATA_DIR=/data PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2
USER jiban
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["jiban"]
CMD ["web", "--host", "0.0.0.0"]
