package io.breakwater.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The role of the process that a controller runs in. A controller without this annotation runs in the operator. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface ProcessRole {
    BreakwaterConfig.Role value();
}
