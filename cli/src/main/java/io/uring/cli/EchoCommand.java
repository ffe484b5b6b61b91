package io.uring.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code uring echo}: a TCP echo server, until SIGINT or SIGTERM. */
@Command(
        name = "echo",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = {"Send back over TCP what comes in, straight on io_uring.", ""})
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

    EchoCommand() {}

    @Override
    public Integer call() throws InterruptedException {
        EchoServer server = EchoServer.start(new ListenAddress(host, port), loops);
        StopSignal.onStop(server::stop, spec.commandLine().getErr());
        PrintWriter out = spec.commandLine().getOut();
        out.println(ReadyLine.tcp(server.address(), loops));
        out.flush();
        return StopSignal.await();
    }
}
