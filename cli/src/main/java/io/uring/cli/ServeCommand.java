package io.uring.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code uring serve}: a web server for a directory, until SIGINT or SIGTERM. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = {
            "Serve a directory over HTTP/1.1 and HTTP/2 with Jetty on io_uring.",
            "",
            "Besides the files there are /plaintext and /json, as the TechEmpower benchmarks"
                    + " define them, and /echo, which sends a POST's body back while it arrives.",
            ""
        })
final class ServeCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli before call.
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "DIR",
            description = "The directory to serve (default: the current one).")
    private Path directory = Path.of(".");

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
    private int port = 8080;

    @Option(
            names = "--loops",
            paramLabel = "N",
            converter = LoopsConverter.class,
            description = "Event loops, each one thread (default: one per processor).")
    private int loops = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            description = "One of: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Transport transport = Transport.URING;

    @ArgGroup(exclusive = false)
    private @Nullable TlsFiles tls;

    @Option(
            names = "--required",
            description = "Fail where io_uring is unavailable, instead of using NIO.")
    private boolean required;

    @Option(names = "--log-requests", description = "Log each request on standard error.")
    private boolean logRequests;

    ServeCommand() {}

    @Override
    public Integer call() throws InterruptedException {
        if (required && transport == Transport.NIO) {
            throw new ParameterException(
                    spec.commandLine(), "--required needs io_uring, but --transport is nio");
        }
        PrintWriter err = spec.commandLine().getErr();
        WebServer server =
                new WebServer(
                        new WebServer.Options(
                                directory,
                                new ListenAddress(host, port),
                                loops,
                                transport,
                                tls == null ? null : ServerIdentity.load(tls.certificate, tls.key),
                                required),
                        logRequests ? err::println : null);
        server.start();
        StopSignal.onStop(() -> server.stop(WebServer.STOP_LIMIT), err);
        PrintWriter out = spec.commandLine().getOut();
        out.println(server.readyLine());
        out.flush();
        return StopSignal.await();
    }
}
