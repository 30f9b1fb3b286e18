# Countersign in an image with nothing else in it: no shell, no package manager, no root.
# `docker build -t countersign .`

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends cmake gcc libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo build --release --locked --bin countersign \
 && strip target/release/countersign
# An empty folder that the image's user owns, for the audit trail.
RUN mkdir -p /image/var/lib/countersign && chown -R 65532:65532 /image/var/lib/countersign

# glibc, libgcc, the system's certificates, and a user of no power.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /source/target/release/countersign /usr/bin/countersign
COPY --from=build /image/ /
USER 65532:65532
WORKDIR /etc/countersign
EXPOSE 8443
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/countersign"]
CMD ["serve", "-c", "/etc/countersign/countersign.yaml"]
