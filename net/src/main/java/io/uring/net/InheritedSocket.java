package io.uring.net;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A listening socket that was open when this process began: systemd's socket activation, told by
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. The sockets are taken over by {@link
 * Listener#inherit}, each once. From any thread.
 *
 * <pre>{@code
 * for (InheritedSocket socket : InheritedSocket.fromEnvironment()) {
 *     Listener.inherit(loops, socket, StreamConfig.defaults(), accepted -> new EchoHandler());
 * }
 * }</pre>
 *
 * @param fd the descriptor
 * @param name FileDescriptorName of the unit, or {@code unknown}
 */
public record InheritedSocket(int fd, String name) {
    private static final int FIRST_FD = 3;
    private static final String UNKNOWN = "unknown";

    /** Those meant for this process; none when it was started otherwise. */
    public static List<InheritedSocket> fromEnvironment() {
        return parse(System.getenv(), ProcessHandle.current().pid());
    }

    static List<InheritedSocket> parse(Map<String, String> environment, long pid) {
        String count = environment.getOrDefault("LISTEN_FDS", "");
        if (count.isEmpty() || !environment.getOrDefault("LISTEN_PID", "").equals("" + pid)) {
            return List.of(); // a child sees its parent's variables
        }
        String[] names = environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1);
        List<InheritedSocket> sockets = new ArrayList<>();
        int end;
        try {
            end = Integer.parseInt(count);
        } catch (NumberFormatException e) {
            throw new IllegalStateException("LISTEN_FDS is no number: " + count, e);
        }
        for (int i = 0; i < end; i++) {
            String name = i < names.length && !names[i].isEmpty() ? names[i] : UNKNOWN;
            sockets.add(new InheritedSocket(FIRST_FD + i, name));
        }
        return List.copyOf(sockets);
    }
}
