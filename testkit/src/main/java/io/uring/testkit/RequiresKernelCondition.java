package io.uring.testkit;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Decides for {@link RequiresKernel} from {@code os.name} and {@code os.version}. */
final class RequiresKernelCondition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return AnnotationSupport.findAnnotation(context.getElement(), RequiresKernel.class)
                .map(required ->
                        evaluate(
                                required.value(),
                                System.getProperty("os.name"),
                                System.getProperty("os.version")))
                .orElseGet(() -> ConditionEvaluationResult.enabled("no kernel required"));
    }

    static ConditionEvaluationResult evaluate(String required, String systemName, String running) {
        if (!systemName.equals("Linux")) {
            return ConditionEvaluationResult.disabled(
                    "needs Linux " + required + ", this is " + systemName);
        }
        KernelVersion version = KernelVersion.parse(running);
        if (version.compareTo(KernelVersion.parse(required)) < 0) {
            return ConditionEvaluationResult.disabled(
                    "needs Linux " + required + ", this is " + running);
        }
        return ConditionEvaluationResult.enabled(
                "Linux " + running + " has what " + required + " has");
    }
}
