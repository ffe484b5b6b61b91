/** The command line: what a person runs. */
@org.jspecify.annotations.NullMarked
module io.uring.cli {
    requires static org.jspecify;
    requires info.picocli;
    requires io.uring.jetty;
    requires io.uring.net;
    requires io.uring.ring;
    requires org.eclipse.jetty.alpn.server;
    requires org.eclipse.jetty.http;
    requires org.eclipse.jetty.http2.server;
    requires org.eclipse.jetty.io;
    requires org.eclipse.jetty.server;
    requires org.eclipse.jetty.util;

    // Picocli creates the commands and sets their options.
    opens io.uring.cli to
            info.picocli;
}
