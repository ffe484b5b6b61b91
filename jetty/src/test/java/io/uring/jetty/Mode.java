package io.uring.jetty;

import java.util.stream.Stream;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;

/** A transport, and how the handler says that it behaves: what decides which thread runs it. */
record Mode(Transport transport, InvocationType type) {
    /** BLOCKING handlers use blocking streams, the others callbacks. */
    boolean blocking() {
        return type == InvocationType.BLOCKING;
    }

    static Stream<Mode> all() {
        return Stream.of(Transport.values())
                .flatMap(transport ->
                        Stream.of(InvocationType.values()).map(type -> new Mode(transport, type)));
    }

    static Stream<Mode> uring() {
        return all().filter(mode -> mode.transport() == Transport.URING);
    }

    @Override
    public String toString() {
        return transport + " " + type;
    }
}
