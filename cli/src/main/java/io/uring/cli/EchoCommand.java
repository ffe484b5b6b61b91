package io.uring.cli;

import io.uring.reactor.IdleStrategy;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code uring echo}: a TCP or UDP echo server, until SIGINT or SIGTERM. */
@Command(
        name = "echo",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = {"Send back over TCP or UDP what comes in, straight on io_uring.", ""})
final class EchoCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli before call.
    private CommandSpec spec;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            description = "The address to listen on (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "PORT",
            converter = PortConverter.class,
            description = "The port to listen on, 0 for any (default: ${DEFAULT-VALUE}).")
    private int port = 7000;

    @Option(
            names = "--loops",
            paramLabel = "N",
            converter = LoopsConverter.class,
            description = "Event loops, each one thread (default: one per processor).")
    private int loops = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--spin",
            paramLabel = "MICROS",
            description =
                    "Look so long for work before sleeping: shorter answers, for a core"
                            + " (default: ${DEFAULT-VALUE}, sleep at once).")
    private int spinMicros = 0;

    @Option(names = "--udp", description = "Datagrams instead of TCP connections.")
    private boolean udp = false;

    EchoCommand() {}

    @Override
    public Integer call() throws InterruptedException {
        ListenAddress address = new ListenAddress(host, port);
        EchoServer server =
                udp
                        ? EchoServer.startUdp(address, loops, idle())
                        : EchoServer.start(address, loops, idle());
        StopSignal.onStop(server::stop, spec.commandLine().getErr());
        PrintWriter out = spec.commandLine().getOut();
        out.println(ReadyLine.tcp(server.address(), loops));
        out.flush();
        return StopSignal.await();
    }

    private IdleStrategy idle() {
        try {
            return spinMicros == 0
                    ? IdleStrategy.sleep()
                    : IdleStrategy.spinThenSleep(TimeUnit.MICROSECONDS.toNanos(spinMicros));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    spec.commandLine(), "--spin: " + spinMicros + " is not from 0 to 1000000");
        }
    }
}
