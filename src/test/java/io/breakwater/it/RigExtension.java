package io.breakwater.it;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Provides the one rig of the run to tests, with Breakwater installed and locations applied. Skips the tests if no rig
 * can run here.
 */
final class RigExtension implements ExecutionCondition, ParameterResolver {
    private static final ExtensionContext.Namespace STORE = ExtensionContext.Namespace.create(RigExtension.class);

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return Rig.obstacle()
                .map(why -> ConditionEvaluationResult.disabled("two clusters cannot run here: " + why))
                .orElseGet(() -> ConditionEvaluationResult.enabled("two clusters can run here"));
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Rig.class;
    }

    @Override
    public Rig resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot().getStore(STORE).computeIfAbsent(Rig.class, key -> start(), Rig.class);
    }

    private static Rig start() {
        Rig rig = Rig.start(new Progress(System.out));
        try {
            rig.install();
            rig.locate();
            return rig;
        } catch (RuntimeException | Error e) {
            rig.close();
            throw e;
        }
    }
}
