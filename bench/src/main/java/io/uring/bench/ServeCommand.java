package io.uring.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code serve NAME}: one contender, until it is killed. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Start one contender on 127.0.0.1; prints READY and the address.")
final class ServeCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "The contender.")
    private String name = "";

    @Option(names = "--port", description = "The port, 0 for any (default: ${DEFAULT-VALUE}).")
    private int port = 0;

    @Option(names = "--mode", description = "echo or http (default: what it can, echo first).")
    private List<Mode> modes = List.of();

    @Option(names = "--loops", description = "How many (default: ${DEFAULT-VALUE}).")
    private int loops = 1;

    @Option(
            names = "--attached",
            hidden = true,
            description = "End with standard input; tell the memory allocated for each byte of it.")
    private boolean attached;

    @Override
    public Integer call() throws Exception {
        Contender contender = Contender.named(name);
        Mode mode = modes.isEmpty() ? contender.modes().iterator().next() : modes.getFirst();
        if (!contender.modes().contains(mode)) {
            throw new IllegalArgumentException(name + " does not do " + mode);
        }
        if (contender.isC()) {
            return child(CServers.command(name, mode, port));
        }
        contender.properties().forEach(System::setProperty);
        int bound = contender.server().start(mode, port, loops);
        System.out.println("READY 127.0.0.1:" + bound);
        System.out.flush();
        if (attached) {
            answerUntilEnd();
        } else {
            Thread.currentThread().join(); // until the process is killed
        }
        return 0;
    }

    /** Ends with the process that started it, even if that is killed. */
    private static void answerUntilEnd() throws IOException {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        while (System.in.read() >= 0) {
            System.out.println(ServerProcess.ALLOCATED + threads.getTotalThreadAllocatedBytes());
            System.out.flush();
        }
    }

    /** Runs a C server, and takes it along when this process is killed. */
    private static int child(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
        return process.waitFor();
    }
}
