package io.uring.cli;

import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where a server was told to listen, and in one line why it cannot. */
record ListenAddress(String host, int port) {

    InetSocketAddress resolve() {
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new CommandFailure("unknown host '" + host + "'");
        }
        return address;
    }

    /** The transports wrap the kernel's refusal each in their own way. */
    CommandFailure failure(Throwable failure) {
        for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SocketException) {
                String reason = withRemedy(String.valueOf(t.getMessage()));
                return new CommandFailure(
                        "cannot listen on " + host + " port " + port + ": " + reason, failure);
            }
        }
        return new CommandFailure("cannot start: " + innermostMessage(failure), failure);
    }

    private static String withRemedy(String message) {
        String lower = message.toLowerCase(Locale.ROOT);
        if (lower.contains("in use")) {
            return "address already in use. Stop what listens there, or choose another --port.";
        }
        if (lower.contains("permission")) {
            return "permission denied. Ports below 1024 need privileges: choose another --port.";
        }
        if (lower.contains("cannot assign")) {
            return "no address of this machine. Choose another --host.";
        }
        return message;
    }

    private static String innermostMessage(Throwable failure) {
        String message = failure.toString();
        for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
            if (t.getMessage() != null) {
                message = t.getMessage();
            }
        }
        return message;
    }
}
