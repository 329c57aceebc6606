package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.resource.ApiKind;
import io.breakwater.resource.FakeApiServer;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ObjectSanitizerTest {
    private static final ObjectSanitizer CLEANER = new ObjectSanitizer("shop", "copy");

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "v1 configmaps |"
                        + " {'metadata':{'name':'c','namespace':'shop','uid':'u','resourceVersion':'1','generation':2,'creationTimestamp':'t','selfLink':'s','managedFields':[],'ownerReferences':[{'uid':'o'}],'generateName':'g'},'data':{'a':'1'}}"
                        + " | {'metadata':{'name':'c','namespace':'copy'},'data':{'a':'1'}}",
                "v1 configmaps |"
                        + " {'metadata':{'name':'c','labels':{'a':'b'},'annotations':{'x':'y','breakwater.io/restored-by':'r/created'},'finalizers':['acme.io/keep','foregroundDeletion']},'status':{'a':1}}"
                        + " | {'metadata':{'name':'c','labels':{'a':'b'},'annotations':{'x':'y'},'finalizers':['acme.io/keep'],'namespace':'copy'}}",
                "v1 persistentvolumeclaims | {'metadata':{'name':'p','labels':{'a':'b','cut.breakwater.io/uid':'c'}}}"
                        + " | {'metadata':{'name':'p','labels':{'a':'b'},'namespace':'copy'}}",
                "apps/v1 deployments |"
                        + " {'metadata':{'name':'d','annotations':{'deployment.kubernetes.io/revision':'3'}},'spec':{'replicas':2}}"
                        + " | {'metadata':{'name':'d','namespace':'copy'},'spec':{'replicas':2}}",
                "v1 services |"
                        + " {'metadata':{'name':'s'},'spec':{'type':'ClusterIP','ports':[{'port':80,'nodePort':30000},{'port':81}]}}"
                        + " | {'metadata':{'name':'s','namespace':'copy'},'spec':{'type':'ClusterIP','ports':[{'port':80},{'port':81}]}}",
                "v1 services |"
                        + " {'metadata':{'name':'s'},'spec':{'clusterIP':'10.0.0.1','clusterIPs':['10.0.0.1'],'healthCheckNodePort':3,'ports':[{'port':80,'nodePort':30000}]}}"
                        + " | {'metadata':{'name':'s','namespace':'copy'},'spec':{'ports':[{'port':80,'nodePort':30000}]}}",
                "v1 services | {'metadata':{'name':'s'},'spec':{'clusterIP':'None','clusterIPs':['None']}} |"
                        + " {'metadata':{'name':'s','namespace':'copy'},'spec':{'clusterIP':'None','clusterIPs':['None']}}",
                "v1 pods |"
                        + " {'metadata':{'name':'p'},'spec':{'nodeName':'n','priority':5,'priorityClassName':'high','ephemeralContainers':[],'schedulingGates':[{'name':'breakwater.io/standby'}],'volumes':[{'name':'kube-api-access-x'},{'name':'data'}],'containers':[{'name':'c','volumeMounts':[{'name':'kube-api-access-x'},{'name':'data'}]}]}}"
                        + " | {'metadata':{'name':'p','namespace':'copy'},'spec':{'priorityClassName':'high','volumes':[{'name':'data'}],'containers':[{'name':'c','volumeMounts':[{'name':'data'}]}]}}",
                "batch/v1 jobs |"
                        + " {'metadata':{'name':'j','labels':{'app':'a','controller-uid':'u'}},'spec':{'selector':{'matchLabels':{'controller-uid':'u'}},'template':{'metadata':{'labels':{'app':'a','controller-uid':'u','batch.kubernetes.io/controller-uid':'u'}}}}}"
                        + " | {'metadata':{'name':'j','labels':{'app':'a'},'namespace':'copy'},'spec':{'template':{'metadata':{'labels':{'app':'a'}}}}}",
                "batch/v1 jobs |"
                        + " {'metadata':{'name':'j'},'spec':{'manualSelector':true,'selector':{'matchLabels':{'a':'b'}}}}"
                        + " | {'metadata':{'name':'j','namespace':'copy'},'spec':{'manualSelector':true,'selector':{'matchLabels':{'a':'b'}}}}",
                "v1 secrets |"
                        + " {'metadata':{'name':'t','annotations':{'kubernetes.io/service-account.name':'web','kubernetes.io/service-account.uid':'u'}},'type':'kubernetes.io/service-account-token','data':{'token':'x','ca.crt':'y','namespace':'z','mine':'m'}}"
                        + " | {'metadata':{'name':'t','annotations':{'kubernetes.io/service-account.name':'web'},'namespace':'copy'},'type':'kubernetes.io/service-account-token','data':{'mine':'m'}}",
                "v1 secrets | {'metadata':{'name':'s'},'type':'Opaque','data':{'token':'x'}} |"
                        + " {'metadata':{'name':'s','namespace':'copy'},'type':'Opaque','data':{'token':'x'}}",
                "v1 serviceaccounts |"
                        + " {'metadata':{'name':'web'},'secrets':[{'name':'web-token-abc'},{'name':'mine'}],'imagePullSecrets':[{'name':'pull'}]}"
                        + " | {'metadata':{'name':'web','namespace':'copy'},'secrets':[{'name':'mine'}],'imagePullSecrets':[{'name':'pull'}]}",
                "v1 serviceaccounts |"
                        + " {'metadata':{'name':'web','annotations':{'openshift.io/internal-registry-pull-secret-ref':'web-dockercfg-89x6k'}},'secrets':[{'name':'web-dockercfg-89x6k'}],'imagePullSecrets':[{'name':'web-dockercfg-89x6k'},{'name':'web-dockercfg-mine'},{'name':'api-dockercfg-89x6k'}]}"
                        + " | {'metadata':{'name':'web','namespace':'copy'},'imagePullSecrets':[{'name':'web-dockercfg-mine'},{'name':'api-dockercfg-89x6k'}]}",
                "rbac.authorization.k8s.io/v1 rolebindings |"
                        + " {'metadata':{'name':'b'},'subjects':[{'kind':'ServiceAccount','namespace':'shop','name':'a'},{'kind':'ServiceAccount','namespace':'other','name':'a'},{'kind':'User','name':'u'},{'kind':'Group','name':'system:serviceaccounts:shop'},{'kind':'Group','name':'system:serviceaccounts:shopping'},{'kind':'User','name':'system:serviceaccount:shop:a'}]}"
                        + " | {'metadata':{'name':'b','namespace':'copy'},'subjects':[{'kind':'ServiceAccount','namespace':'copy','name':'a'},{'kind':'ServiceAccount','namespace':'other','name':'a'},{'kind':'User','name':'u'},{'kind':'Group','name':'system:serviceaccounts:copy'},{'kind':'Group','name':'system:serviceaccounts:shopping'},{'kind':'User','name':'system:serviceaccount:copy:a'}]}",
                "authorization.openshift.io/v1 rolebindings |"
                        + " {'metadata':{'name':'b'},'roleRef':{'name':'r','namespace':'shop'},'userNames':['jane','system:serviceaccount:shop:a'],'groupNames':['system:serviceaccounts:shop','system:serviceaccounts'],'subjects':[{'kind':'ServiceAccount','namespace':'shop','name':'a'}]}"
                        + " | {'metadata':{'name':'b','namespace':'copy'},'roleRef':{'name':'r','namespace':'copy'},'userNames':['jane','system:serviceaccount:copy:a'],'groupNames':['system:serviceaccounts:copy','system:serviceaccounts'],'subjects':[{'kind':'ServiceAccount','namespace':'copy','name':'a'}]}",
                "authorization.openshift.io/v1 rolebindings |"
                        + " {'metadata':{'name':'b'},'roleRef':{'name':'r','namespace':'other'}}"
                        + " | {'metadata':{'name':'b','namespace':'copy'},'roleRef':{'name':'r','namespace':'other'}}",
                "security.openshift.io/v1 securitycontextconstraints |"
                        + " {'metadata':{'name':'s','namespace':'copy'},'users':['system:serviceaccount:shop:db','system:serviceaccount:shopping:db'],'groups':['system:serviceaccounts:shop','dev']}"
                        + " | {'metadata':{'name':'s','namespace':'copy'},'users':['system:serviceaccount:copy:db','system:serviceaccount:shopping:db'],'groups':['system:serviceaccounts:copy','dev']}",
            })
    void removesOnlyServerOwnedFields(String type, String captured, String cleaned) {
        assertThat(CLEANER.clean(kind(type), FakeApiServer.tree(captured))).isEqualTo(FakeApiServer.tree(cleaned));
    }

    private static ApiKind kind(String type) {
        String[] parts = type.split("[ /]");
        return parts.length == 2
                ? new ApiKind("", parts[0], "K", parts[1], true, Set.of())
                : new ApiKind(parts[0], parts[1], "K", parts[2], true, Set.of());
    }
}
