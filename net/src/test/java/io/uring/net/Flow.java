package io.uring.net;

import java.util.ArrayList;
import java.util.List;

/**
 * The bytes of one direction of a connection: a number that names the flow, then a pattern that is
 * its own, so that whoever reads knows what has to come.
 */
final class Flow {
    /** All flows of a simulation. */
    static final class Registry {
        private final List<Flow> flows = new ArrayList<>();
        private final List<String> failures;
        private boolean endsTellNothing;

        Registry(List<String> failures) {
            this.failures = failures;
        }

        /** An abort looks like any other end to the peer, as on unix sockets. */
        void endsTellNothing() {
            endsTellNothing = true;
        }

        Flow newFlow(int totalBytes) {
            if (flows.size() == 256) {
                throw new AssertionError("more flows than a byte can name");
            }
            Flow flow = new Flow(this, flows.size(), totalBytes);
            flows.add(flow);
            return flow;
        }

        Reader newReader(String name) {
            return new Reader(name);
        }

        /** Checks what comes. */
        final class Reader {
            private final String name;
            private Flow flow;
            private int count;

            private Reader(String name) {
                this.name = name;
            }

            void read(byte value) {
                if (flow == null && (value & 0xff) < flows.size()) {
                    flow = flows.get(value & 0xff);
                }
                boolean right = flow != null && count < flow.written && value == flow.at(count);
                if (!right && failures.size() < 10) {
                    failures.add(name + ": byte " + count + " is wrong, of " + flow);
                }
                count++;
            }

            /** The end was seen: then everything must have come before it. */
            void ended() {
                boolean cut = flow == null ? count != 0 : !flow.finished || count != flow.written;
                if (cut && !endsTellNothing) {
                    failures.add(name + ": the end came after " + count + " of " + flow);
                }
            }

            /** The end was seen, and not one byte: whose it was is not known. */
            boolean isNameless() {
                return flow == null;
            }
        }
    }

    private final int key;
    final int total;

    /** Bytes handed over for sending. */
    int written;

    /** A proper end was asked for. */
    boolean finished;

    private Flow(Registry registry, int key, int total) {
        assert registry != null;
        this.key = key;
        this.total = total;
    }

    byte at(int position) {
        return (byte) (position == 0 ? key : position * 31 + (position >>> 8) * 17 + key * 101);
    }

    int left() {
        return total - written;
    }

    byte[] next(int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = at(written + i);
        }
        return bytes;
    }

    @Override
    public String toString() {
        return "flow %d, %d of %d written%s"
                .formatted(key, written, total, finished ? ", finished" : "");
    }
}
