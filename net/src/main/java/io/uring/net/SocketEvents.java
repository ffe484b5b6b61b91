package io.uring.net;

import io.uring.ring.Errno;
import java.io.IOException;
import java.net.SocketAddress;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** What listeners and connections tell the JDK's flight recorder, through SocketRecording. */
@SuppressWarnings("UnusedVariable") // the recorder reads the fields
final class SocketEvents {
    private SocketEvents() {}

    static @Nullable Object opened(StreamSocket socket) {
        if (ConnectionOpened.QUESTION.isEnabled()) {
            ConnectionOpened event = new ConnectionOpened();
            event.local = text(socket.localAddress());
            event.remote = text(socket.remoteAddress());
            event.commit();
        }
        if (!Connection.QUESTION.isEnabled()) {
            return null;
        }
        Connection event = new Connection();
        event.local = text(socket.localAddress());
        event.remote = text(socket.remoteAddress()); // at its end nobody could tell any more
        event.begin();
        return event;
    }

    static void closed(Object begun, @Nullable IOException cause) {
        Connection event = (Connection) begun;
        event.end();
        if (event.shouldCommit()) {
            event.cause = cause == null ? null : cause.toString();
            event.commit();
        }
    }

    static void backOff(Object listener, int errno, long delayNanos) {
        AcceptBackOff event = new AcceptBackOff();
        if (event.shouldCommit()) {
            event.listener = listener.toString();
            event.error = Errno.name(errno);
            event.delay = delayNanos;
            event.commit();
        }
    }

    private static String text(@Nullable SocketAddress address) {
        return String.valueOf(address);
    }

    @Category("io_uring")
    @StackTrace(false)
    private abstract static class SocketEvent extends Event {
        @Label("Local Address")
        @Nullable String local;

        @Label("Remote Address")
        @Nullable String remote;
    }

    @Name("io.uring.ConnectionOpened")
    @Label("Connection Opened")
    @Enabled(false)
    private static final class ConnectionOpened extends SocketEvent {
        static final ConnectionOpened QUESTION = new ConnectionOpened();
    }

    @Name("io.uring.Connection")
    @Label("Connection")
    @Description("A connection from its opening to its close")
    @Enabled(false)
    private static final class Connection extends SocketEvent {
        static final Connection QUESTION = new Connection();

        @Label("Cause")
        @Description("Why it was closed, or null when this end closed it")
        @Nullable String cause;
    }

    @Name("io.uring.AcceptBackOff")
    @Label("Accept Back-Off")
    @Description("Accepting pauses for lack of descriptors or memory")
    @Category("io_uring")
    @StackTrace(false)
    private static final class AcceptBackOff extends Event {
        @Label("Listener")
        @Nullable String listener;

        @Label("Error")
        @Nullable String error;

        @Label("Delay")
        @Timespan(Timespan.NANOSECONDS)
        long delay;
    }
}
