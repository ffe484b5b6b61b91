package io.uring.vertx;

import io.uring.netty.Uring;
import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;
import io.vertx.core.transport.Transport;

/**
 * Gives io_uring to each Vert.x that would use NIO, when this library is on the class path; the
 * system property {@value #PROPERTY} with the value {@code false} keeps it out. Transports that
 * somebody has chosen stay, but NIO, which cannot be told from no choice.
 */
public final class UringServiceProvider implements VertxServiceProvider {
    /** Read each time that a Vert.x is made. */
    public static final String PROPERTY = "uring.vertx";

    private static final System.Logger LOG = System.getLogger(UringServiceProvider.class.getName());

    /** For the service loader. */
    public UringServiceProvider() {}

    @Override
    public void init(VertxBootstrap bootstrap) {
        if ("false".equalsIgnoreCase(System.getProperty(PROPERTY))) {
            return;
        }
        var chosen = bootstrap.transport();
        if (chosen != null && !chosen.equals(Transport.NIO.implementation())) {
            return;
        }
        Throwable cause = Uring.unavailabilityCause();
        if (cause != null) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "Vert.x uses NIO instead of io_uring: " + cause.getMessage());
        }
        // Vert.x falls back to NIO by itself, and remembers the cause.
        bootstrap.transport(new UringTransport());
    }
}
