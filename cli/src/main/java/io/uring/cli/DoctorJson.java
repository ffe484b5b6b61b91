package io.uring.cli;

import org.jspecify.annotations.Nullable;

/**
 * The doctor's findings for programs. A null is a fact that the system does not tell, except for a
 * limit's "soft" and "hard", where it means unlimited.
 */
final class DoctorJson {

    private DoctorJson() {}

    static String render(HostReport host, RingReport ring) {
        JsonWriter json = new JsonWriter().object();
        json.member("usable", ring.usable());
        json.member("cause", ring.cause());
        json.member("remedy", ring.remedy());
        json.object("host");
        json.member("kernel", host.kernel());
        json.member("architecture", host.architecture());
        json.member("jdk", host.jdk());
        json.member("processors", host.processors());
        json.member("container", host.container());
        json.end();
        json.object("limits");
        limit(json, "lockedMemoryBytes", host.lockedMemoryBytes());
        limit(json, "openFiles", host.openFiles());
        json.member("ioUringDisabled", host.ioUringDisabled());
        json.member("ioUringGroup", host.ioUringGroup());
        json.member("seccompMode", host.seccompMode());
        json.end();
        names(json, "features", ring.features());
        names(json, "unusedFeatures", ring.unused());
        names(json, "operations", ring.operations());
        json.object("plan");
        Plan.of(ring).forEach(json::member);
        json.end();
        return json.end().toString();
    }

    private static void limit(JsonWriter json, String name, HostReport.@Nullable Limit limit) {
        if (limit == null) {
            json.member(name, (Number) null);
            return;
        }
        json.object(name);
        json.member("soft", bound(limit.soft()));
        json.member("hard", bound(limit.hard()));
        json.end();
    }

    private static @Nullable Long bound(long value) {
        return value == HostReport.Limit.UNLIMITED ? null : value;
    }

    private static void names(JsonWriter json, String name, Iterable<? extends Enum<?>> values) {
        json.array(name);
        for (Enum<?> value : values) {
            json.element(value.name());
        }
        json.end();
    }
}
