package io.uring.cli;

import io.uring.ring.Feature;
import java.util.Collection;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The doctor's findings for people: the verdict first, then what led to it. */
final class DoctorText {

    private static final int LINE_LENGTH = 78;
    private static final String INDENT = "  ";
    private static final String UNKNOWN = "unknown";

    private final StringBuilder text = new StringBuilder();

    private DoctorText() {}

    static String render(HostReport host, RingReport ring) {
        DoctorText doctor = new DoctorText();
        doctor.verdict(ring);
        doctor.host(host);
        doctor.limits(host);
        doctor.ring(ring);
        doctor.heading("This library will use");
        Plan.of(ring).forEach(doctor::fact);
        return doctor.text.toString();
    }

    private void verdict(RingReport ring) {
        if (ring.usable()) {
            text.append("io_uring is usable.\n");
        } else {
            text.append("io_uring is not usable.\n");
            wrap(String.valueOf(ring.cause()));
        }
    }

    private void host(HostReport host) {
        heading("Host");
        fact("kernel", host.kernel());
        fact("architecture", host.architecture());
        fact("JDK", host.jdk());
        fact("processors", Integer.toString(host.processors()));
        fact("container", host.container() == null ? "none detected" : host.container());
    }

    private void limits(HostReport host) {
        heading("Limits");
        fact("locked memory", limit(host.lockedMemoryBytes(), " bytes"));
        fact("open files", limit(host.openFiles(), ""));
        fact("kernel.io_uring_disabled", disabled(host));
        fact("seccomp", seccomp(host.seccompMode()));
    }

    private void ring(RingReport ring) {
        if (!ring.usable()) {
            return;
        }
        heading("Features in use");
        wrap(names(ring.features()));
        if (!ring.unused().isEmpty()) {
            heading("Features not in use");
            for (Feature feature : ring.unused()) {
                fact(feature.name(), "there from Linux " + feature.since());
            }
        }
        heading(ring.operations().size() + " operations");
        wrap(names(ring.operations()));
    }

    private static String limit(HostReport.@Nullable Limit limit, String unit) {
        if (limit == null) {
            return UNKNOWN;
        }
        return bound(limit.soft(), unit) + " (at most " + bound(limit.hard(), unit) + ")";
    }

    private static String bound(long value, String unit) {
        return value == HostReport.Limit.UNLIMITED ? "unlimited" : value + unit;
    }

    private static String disabled(HostReport host) {
        return switch (host.ioUringDisabled()) {
            case null -> "not there (Linux before 6.6, or built without io_uring)";
            case 0 -> "0: everyone may use io_uring";
            case 1 ->
                    "1: only CAP_SYS_ADMIN and the group in kernel.io_uring_group, "
                            + host.ioUringGroup();
            case 2 -> "2: nobody may use io_uring";
            case Integer other -> other.toString();
        };
    }

    private static String seccomp(@Nullable Integer mode) {
        return switch (mode) {
            case null -> UNKNOWN;
            case 0 -> "off";
            case 1 -> "strict";
            case 2 -> "a filter; container engines' default ones often refuse io_uring";
            case Integer other -> other.toString();
        };
    }

    private static String names(Collection<? extends Enum<?>> values) {
        return values.stream().map(Enum::name).collect(Collectors.joining(" "));
    }

    private void heading(String title) {
        text.append('\n').append(title).append('\n');
    }

    private void fact(String name, String value) {
        text.append("%s%-24s  %s%n".formatted(INDENT, name, value));
    }

    private void wrap(String words) {
        String line = "";
        for (String word : words.split(" ", -1)) {
            if (line.length() + 1 + word.length() > LINE_LENGTH) {
                text.append(line).append('\n');
                line = "";
            }
            line = line.isEmpty() ? INDENT + word : line + " " + word;
        }
        text.append(line).append('\n');
    }
}
