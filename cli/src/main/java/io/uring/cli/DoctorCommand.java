package io.uring.cli;

import io.uring.ring.Availability;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code uring doctor}: whether io_uring works here, and what stands in the way. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = {
            "Tell whether io_uring is usable here, and if not, why and what to do.",
            "Exit status: 0 usable, 1 not.",
            ""
        })
final class DoctorCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli before call.
    private CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    DoctorCommand() {}

    @Override
    public Integer call() {
        HostReport host = HostReport.read(Path.of("/"), System.getenv());
        RingReport ring = RingReport.of(Availability.get());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(DoctorJson.render(host, ring));
        } else {
            out.print(DoctorText.render(host, ring));
        }
        out.flush();
        return ring.usable() ? 0 : 1;
    }
}
