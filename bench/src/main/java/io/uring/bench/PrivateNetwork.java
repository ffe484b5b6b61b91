package io.uring.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace with a loopback of its own, whose TCP has reno as congestion control. It has
 * no name: the kernel removes it with the last process in it, however that ends. BBR, the default
 * of many machines, paces by timers, and on loopback a stream under it measures these.
 */
final class PrivateNetwork {
    private static final long TRY_SECONDS = 10;
    private static final String CONGESTION_CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control";
    private static final String SET_UP =
            "ip link set lo up && echo reno > " + CONGESTION_CONTROL + " && exec \"$@\"";

    private PrivateNetwork() {}

    /** Why there can be none, or null. */
    static @Nullable String obstacle() throws InterruptedException {
        if (!Programs.exist("unshare", "ip", "sh")) {
            return "a private network needs unshare (util-linux) and ip (iproute2)";
        }
        try {
            Process trial =
                    new ProcessBuilder(command(List.of("true"))).redirectErrorStream(true).start();
            trial.getOutputStream().close();
            String said = new String(trial.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!trial.waitFor(TRY_SECONDS, TimeUnit.SECONDS)) {
                trial.destroyForcibly();
                return "a private network could not be set up in " + TRY_SECONDS + " s";
            }
            return trial.exitValue() == 0
                    ? null
                    : "a private network with reno is not permitted (root, or user namespaces): "
                            + said.strip();
        } catch (IOException e) {
            return "a private network: " + e.getMessage();
        }
    }

    /** The command, in a private network. Becomes the command: signals and status are its own. */
    static List<String> command(List<String> inside) {
        List<String> command = new ArrayList<>(List.of("unshare"));
        // Who is not root may still be it in a user namespace of one's own.
        command.addAll(isRoot() ? List.of("--net") : List.of("--user", "--map-root-user", "--net"));
        command.addAll(List.of("sh", "-c", SET_UP, "sh"));
        command.addAll(inside);
        return command;
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }
}
