package io.uring.simulation;

import org.jspecify.annotations.Nullable;

/**
 * What happened, in order: a hash of it, by which two runs can be compared, and the text of it when
 * somebody wants to read.
 */
final class Trace {
    private static final long PRIME = 0x100000001b3L;

    private final Agenda agenda;
    private long hash = 0xcbf29ce484222325L;
    private long events;
    private @Nullable StringBuilder text;

    Trace(Agenda agenda) {
        this.agenda = agenda;
    }

    void record() {
        text = new StringBuilder();
    }

    void add(String kind, long a, long b, long c) {
        add(kind, a, b, c, null);
    }

    /** The note is for the reader; it is not part of the hash. */
    void add(String kind, long a, long b, long c, @Nullable Object note) {
        events++;
        mix(kind.hashCode());
        mix(a);
        mix(b);
        mix(c);
        mix(agenda.elapsedNanos());
        StringBuilder lines = text;
        if (lines != null) {
            lines.append(String.format("%12d %-10s", agenda.elapsedNanos(), kind));
            lines.append(' ').append(a).append(' ').append(b).append(' ').append(c);
            if (note != null) {
                lines.append(' ').append(note);
            }
            lines.append('\n');
        }
    }

    private void mix(long value) {
        hash = (hash ^ value) * PRIME;
        hash ^= hash >>> 29;
    }

    long hash() {
        return hash;
    }

    long events() {
        return events;
    }

    String text() {
        return text == null ? "" : text.toString();
    }
}
