package io.uring.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options that turn TLS on: both or neither. */
final class TlsFiles {

    @Option(
            names = "--tls",
            required = true,
            paramLabel = "CERT",
            description = "Serve HTTPS with this PEM certificate, followed by its intermediates.")
    @SuppressWarnings("NullAway.Init") // Required.
    Path certificate;

    @Option(
            names = "--key",
            required = true,
            paramLabel = "KEY",
            description = "The certificate's private key: PEM, not encrypted.")
    @SuppressWarnings("NullAway.Init") // Required.
    Path key;

    TlsFiles() {}
}
