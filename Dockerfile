# Coldstream's image. Everything is configured by environment (docs/configuration.md) or by a mounted coldstream.yaml.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No scripts: they would build before the sources are here, and fetch a second Node.js. The npm package `node` goes, as the
# image has its own; native modules come prebuilt.
RUN npm ci --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node node_modules/.bin/node
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node node_modules/.bin/node

FROM node:24-slim
ENV NODE_ENV=production \
    COLDSTREAM_QUERY_CACHE_FOLDER=/var/cache/coldstream
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY queries ./queries
COPY connectors ./connectors
# The program cannot change itself: the user owns nothing but the cache.
RUN mkdir -p /var/cache/coldstream && chown node:node /var/cache/coldstream
USER node
EXPOSE 8080
# 503 while broker or store cannot be reached: a container that only lives is not ready.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
