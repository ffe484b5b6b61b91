package io.uring.cli;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** The line that tells people and scripts that a server accepts connections, and where. */
final class ReadyLine {

    private ReadyLine() {}

    /** For example {@code READY http://127.0.0.1:8080/ transport=uring kernel=6.18.44 loops=2}. */
    static String web(String scheme, InetSocketAddress bound, Transport transport, int loops) {
        return line(scheme + "://", bound, "/", transport, loops);
    }

    /** For example {@code READY 127.0.0.1:7000 transport=uring kernel=6.18.44 loops=2}. */
    static String tcp(InetSocketAddress bound, int loops) {
        return line("", bound, "", Transport.URING, loops);
    }

    private static String line(
            String before, InetSocketAddress bound, String after, Transport transport, int loops) {
        String places =
                addresses(bound.getAddress()).stream()
                        .map(address -> before + literal(address) + ":" + bound.getPort() + after)
                        .collect(Collectors.joining(" "));
        return "READY %s transport=%s kernel=%s loops=%d"
                .formatted(places, transport, System.getProperty("os.version"), loops);
    }

    /** The wildcard is no address to connect to; it stands for all the machine has. */
    private static List<InetAddress> addresses(InetAddress bound) {
        if (!bound.isAnyLocalAddress()) {
            return List.of(bound);
        }
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> !address.isLinkLocalAddress())
                    .sorted(Comparator.comparing(InetAddress::isLoopbackAddress).reversed())
                    .toList();
        } catch (SocketException e) {
            return List.of(bound); // Only the convenience is lost.
        }
    }

    private static String literal(InetAddress address) {
        String text = address.getHostAddress();
        if (!(address instanceof Inet6Address)) {
            return text;
        }
        int zone = text.indexOf('%'); // Part of no URL.
        String host = zone < 0 ? text : text.substring(0, zone);
        return "[" + host.replaceFirst("(^|:)0(:0)+(:|$)", "::") + "]";
    }
}
