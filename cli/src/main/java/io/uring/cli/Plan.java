package io.uring.cli;

import io.uring.ring.Feature;
import java.util.LinkedHashMap;
import java.util.Map;

/** How this library will work with what a machine has: the best way first, then its fallbacks. */
final class Plan {

    private Plan() {}

    static Map<String, String> of(RingReport ring) {
        Map<String, String> plan = new LinkedHashMap<>();
        if (!ring.usable()) {
            plan.put("transport", "the host's own NIO");
            return plan;
        }
        plan.put("transport", "io_uring");
        plan.put("completions", completions(ring));
        plan.put("accept", ring.has(Feature.MULTISHOT_ACCEPT) ? "multishot" : "one by one");
        plan.put("receive", receive(ring));
        plan.put(
                "wake-up",
                ring.has(Feature.SEND_MSG_RING) ? "a message to the loop's ring" : "an eventfd");
        return plan;
    }

    private static String completions(RingReport ring) {
        if (ring.has(Feature.DEFER_TASKRUN)) {
            return "delivered when the loop asks (DEFER_TASKRUN)";
        }
        return ring.has(Feature.COOP_TASKRUN)
                ? "delivered at the next system call (COOP_TASKRUN)"
                : "delivered by interrupting the loop";
    }

    private static String receive(RingReport ring) {
        if (!ring.has(Feature.PBUF_RING)) {
            return "one by one into a buffer per receive";
        }
        String shots = ring.has(Feature.MULTISHOT_RECV) ? "multishot" : "one by one";
        return shots
                + " from a shared buffer ring"
                + (ring.has(Feature.PBUF_RING_INC) ? ", consumed incrementally" : "");
    }
}
