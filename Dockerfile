# One image for all modules: `plinth run <module>`. Builds with docker, podman and buildah: node scripts/build-image.ts
ARG NODE_IMAGE=node:24-bookworm-slim

# What npm and the code generator need to know, alone and without times: while that stays the same, their layers come from the cache.
FROM ${NODE_IMAGE} AS parts
WORKDIR /src
COPY . .
RUN mkdir /npm /generate \
  && find . \( -name package.json -o -path ./package-lock.json -o -path ./.npmrc \) -print0 | tar --create --null --files-from=- | tar --extract --directory=/npm \
  && find proto buf.yaml buf.gen.yaml cli module services/*/module.yaml -type f -print0 | tar --create --null --files-from=- | tar --extract --directory=/generate \
  && find /npm /generate -exec touch --date=@0 '{}' +

FROM ${NODE_IMAGE} AS tools
WORKDIR /app
COPY --from=parts /npm ./
# Of the machine that builds, only while npm runs and in no layer: its npm configuration and its certificates, where it has some.
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=certificates \
  NPM_CONFIG_USERCONFIG=/run/secrets/npmrc NODE_EXTRA_CA_CERTS=/run/secrets/certificates \
  npm ci --ignore-scripts --no-audit --no-fund && rm -rf /root/.npm /tmp/*

FROM tools AS generated
COPY --from=parts /generate ./
RUN cli/bin/plinth generate

FROM ${NODE_IMAGE} AS runtime
RUN groupadd --gid 10001 plinth && useradd --uid 10001 --gid plinth --no-create-home --home-dir /app --shell /usr/sbin/nologin plinth \
  && ln -s /app/cli/bin/plinth /usr/local/bin/plinth \
  && install --directory --owner=plinth --group=plinth /var/lib/plinth
WORKDIR /app
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache PLINTH_DATA=/var/lib/plinth
# Writable also where the root file system is not.
VOLUME /var/lib/plinth
COPY --from=parts /npm ./
# Optional packages are the built-in Postgres, for laptops.
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=certificates \
  NPM_CONFIG_USERCONFIG=/run/secrets/npmrc NODE_EXTRA_CA_CERTS=/run/secrets/certificates NODE_COMPILE_CACHE= \
  npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && rm -rf /root/.npm /tmp/* \
  && find . -path '*/node_modules/*' -type f \( -name '*.map' -o -name '*.md' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
COPY . .
COPY --from=generated /app/proto/gen proto/gen
# What Node makes of the sources, made once: a pod starts in half the time. Node keeps it by user, and cannot write to it where it runs.
RUN mkdir .compile-cache && chown plinth .compile-cache \
  && setpriv --reuid=plinth --regid=plinth --clear-groups -- node scripts/images/warm-compile-cache.ts \
  && chown --recursive root:root .compile-cache && chmod --recursive a=rX .compile-cache
USER 10001:10001

# For file sync: sources that its user may change.
FROM runtime AS development
USER root
RUN chown --recursive plinth:plinth cli kernel module operator proto services
USER 10001:10001
ENTRYPOINT ["plinth"]

FROM runtime AS operator
LABEL org.opencontainers.image.title="plinth-operator" \
  org.opencontainers.image.description="Runs Modules on Kubernetes." \
  org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 8080 8081 9443
# It reads much and keeps little: a young generation of Node's own size would be most of its memory.
ENV NODE_OPTIONS=--max-semi-space-size=4 MALLOC_ARENA_MAX=2
# For docker and podman; the kubelet asks by itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:8081/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "operator/src/main.ts"]
CMD ["run"]

FROM runtime AS services
LABEL org.opencontainers.image.title="plinth-services" \
  org.opencontainers.image.description="Describe a service as a Module. Plinth runs it." \
  org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 8000 9000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "--eval", "fetch(process.env.PLINTH_HEALTH_URL ?? 'http://127.0.0.1:8000/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["plinth"]
CMD ["modules"]
