package io.uring.bench;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A server that takes part.
 *
 * @param name how it is named on the command line
 * @param about one line for the report
 * @param modes what it can do
 * @param properties system properties of its JVM, set before the first class of it is loaded
 * @param server not run for C, which is a process of its own: see {@link CServers}
 */
record Contender(
        String name, String about, Set<Mode> modes, Map<String, String> properties, Server server) {

    private static final Set<Mode> ALL_MODES = EnumSet.allOf(Mode.class);
    private static final Set<Mode> BOTH = EnumSet.of(Mode.ECHO, Mode.HTTP);
    private static final Set<Mode> HTTP = EnumSet.of(Mode.HTTP);
    private static final Set<Mode> NO_HTTP = EnumSet.of(Mode.ECHO, Mode.SINK);
    private static final Map<String, String> POOLED = Map.of("io.netty.allocator.type", "pooled");
    private static final Map<String, String> TUNED =
            Map.of(
                    "io.netty.allocator.type", "pooled",
                    "io.netty.leakDetection.level", "disabled",
                    "io.netty.buffer.checkAccessible", "false",
                    "io.netty.buffer.checkBounds", "false");

    private static final List<Contender> ALL = all();

    static List<Contender> list() {
        return ALL;
    }

    static Contender named(String name) {
        return ALL.stream()
                .filter(contender -> contender.name.equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "no contender "
                                        + name
                                        + "; there are "
                                        + String.join(", ", names())));
    }

    static List<String> names() {
        return ALL.stream().map(Contender::name).toList();
    }

    boolean isC() {
        return name.startsWith("c-");
    }

    private static List<Contender> all() {
        List<Contender> all = new ArrayList<>();
        all.add(
                java(
                        "net",
                        "our net module; HTTP: finds the ends of requests",
                        ALL_MODES,
                        NetServer.sleeping()));
        all.add(
                java(
                        "net-spin",
                        "the same, looking for work 100 us long before it sleeps",
                        ALL_MODES,
                        NetServer.spinning()));
        all.add(c("c-uring", "C, one thread, io_uring with everything on"));
        all.add(c("c-epoll", "C, one thread, level-triggered epoll"));
        for (NettyServer.Transport transport : NettyServer.Transport.values()) {
            addNetty(all, transport);
        }
        all.add(
                java(
                        "vthreads",
                        "JDK: a virtual thread per connection",
                        NO_HTTP,
                        new VirtualThreadServer()));
        all.add(java("jetty-uring", "Jetty on our connector", HTTP, new JettyServer(true)));
        all.add(java("jetty", "Jetty on its own connector (NIO)", HTTP, new JettyServer(false)));
        addVertx(all, "vertx", "Vert.x on Netty's epoll", new VertxServer(false));
        addVertx(all, "uring-vertx", "Vert.x on our transport", new VertxServer(true));
        return List.copyOf(all);
    }

    private static void addVertx(
            List<Contender> all, String name, String about, VertxServer server) {
        all.add(java(name, about, ALL_MODES, server));
        all.add(
                new Contender(
                        name + "-pooled", about + "; pooled allocator", ALL_MODES, POOLED, server));
    }

    private static void addNetty(List<Contender> all, NettyServer.Transport transport) {
        String name = transport.contender();
        String about = "Netty, " + transport.about() + "; HTTP: HttpServerCodec";
        all.add(java(name, about, ALL_MODES, new NettyServer(transport, false)));
        all.add(
                new Contender(
                        name + "-pooled",
                        about + "; pooled allocator",
                        ALL_MODES,
                        POOLED,
                        new NettyServer(transport, false)));
        all.add(
                new Contender(
                        name + "-tuned",
                        about + "; pooled allocator, no checks, large reads, merged flushes",
                        ALL_MODES,
                        TUNED,
                        new NettyServer(transport, true)));
    }

    private static Contender java(String name, String about, Set<Mode> modes, Server server) {
        return new Contender(name, about, modes, Map.of(), server);
    }

    private static Contender c(String name, String about) {
        return new Contender(
                name,
                about + "; HTTP: finds the ends of requests",
                BOTH,
                Map.of(),
                (mode, port, loops) -> {
                    throw new IllegalStateException(name + " is a process of its own");
                });
    }
}
