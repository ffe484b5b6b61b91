package io.uring.cli;

import org.jspecify.annotations.Nullable;

import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;

/** Says in one line why a server could not start, and what to do about it. */
final class StartFailure {

    private StartFailure() {}

    static CommandFailure explain(String host, int port, Throwable failure) {
        for (@Nullable Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof UnresolvedAddressException || t instanceof UnknownHostException) {
                return new CommandFailure("unknown host '" + host + "'", failure);
            }
            if (t instanceof SocketException) {
                String where = "cannot listen on " + host + " port " + port + ": ";
                return new CommandFailure(
                        where + withRemedy(String.valueOf(t.getMessage())), failure);
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
        if (lower.contains("cannot assign") || lower.contains("unresolved")) {
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
