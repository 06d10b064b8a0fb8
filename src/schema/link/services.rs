//! Services and their functions.

use std::collections::HashMap;

use super::super::model::{Definition, Function, ProgramId, Requiredness, Service, ServiceId};
use super::structs::Fields;
use super::{Linker, SHORT, Site};
use crate::idl::syntax::{self, Name, Qualifier, ReturnType};
use crate::idl::{Code, python_repr};

const fn is_oneway(function: &syntax::Function) -> bool {
    matches!(function.qualifier, Some(Qualifier::Oneway(_)))
}

impl<'a> Linker<'a> {
    pub(super) fn link_services(&mut self) -> Vec<Service> {
        let mut services = Vec::with_capacity(self.services.len());
        for index in 0..self.services.len() {
            let Site { program, node } = self.services[index];
            self.linking_service = Some(ServiceId::at(index));
            let extends = node
                .extends
                .and_then(|extends| self.extended(program, node.name, extends));
            services.push(Service {
                program,
                name: self.name(program, node.name),
                extends,
                functions: self.functions(program, node),
                annotations: self.annotations(program, node.annotations.as_deref()),
                doc: self.doc(program, node.doc),
                line: self.line(program, node.name),
            });
        }
        self.report_recursive_services(&services);
        self.report_overrides(&services);
        services
    }

    fn extended(&mut self, program: ProgramId, name: Name, extends: Name) -> Option<ServiceId> {
        let text = self.text(program, extends.span);
        let before = extends.span.start;
        let found = self.find(program, text, before, |definition| match definition {
            Definition::Service(id) => Some(id),
            _ => None,
        });
        if found.is_some() || self.is_of_missing_include(program, text) {
            return found;
        }
        let quoted = python_repr(text);
        let diagnostic = if let Some(other) = self.find(program, text, before, Some) {
            let other = self.describe(other);
            self.diagnostic(
                Code::NotAService,
                program,
                extends.span,
                format!("`{text}` is {other}, not a service"),
            )
            .expecting("a service")
            .thriftpy2(format!("Can't extends {quoted}, not a service"))
        } else {
            let service = python_repr(self.text(program, name.span));
            let mut diagnostic = self
                .diagnostic(
                    Code::UnknownService,
                    program,
                    extends.span,
                    format!("no service `{text}` is defined"),
                )
                .thriftpy2(format!(
                    "Can't find service {quoted} for service {service} to extend"
                ));
            diagnostic.hint = self.suggest(program, text, |definition| {
                matches!(definition, Definition::Service(_))
            });
            diagnostic
        };
        self.report(diagnostic);
        None
    }

    fn functions(&mut self, program: ProgramId, node: &'a syntax::Service) -> Vec<Function> {
        // Only for long lists.
        let mut names: Option<HashMap<&str, Name>> =
            (node.functions.len() > SHORT).then(HashMap::new);
        let mut functions = Vec::with_capacity(node.functions.len());
        for (index, function) in node.functions.iter().enumerate() {
            let name = self.text(program, function.name.span);
            let other = match &mut names {
                Some(names) => names.insert(name, function.name),
                None => node.functions[..index]
                    .iter()
                    .map(|other| other.name)
                    .rfind(|other| self.text(program, other.span) == name),
            };
            if let Some(other) = other {
                let service = self.text(program, node.name.span);
                let diagnostic = self
                    .diagnostic(
                        Code::DuplicateFunction,
                        program,
                        function.name.span,
                        format!("the service `{service}` already has a function `{name}`"),
                    )
                    .related(self.source(program), other.span, "defined here")
                    .thriftpy2(format!(
                        "'{name}' function is already defined in service '{service}'"
                    ));
                self.report(diagnostic);
            }
            functions.extend(self.function(program, function));
        }
        functions
    }

    fn function(&mut self, program: ProgramId, node: &'a syntax::Function) -> Option<Function> {
        let result = match &node.result {
            ReturnType::Void(_) => Some(None),
            ReturnType::Type(ty) => self.ty(program, ty).map(Some),
        };
        let mut arguments = self.fields_of(program, &node.arguments);
        let thrown = node
            .throws
            .as_ref()
            .map_or(&[][..], |throws| &throws.fields);
        let mut exceptions = self.fields_of(program, thrown);
        // Apache's compiler ignores that an argument is optional.
        for field in arguments.list.iter_mut().chain(&mut exceptions.list) {
            if field.requiredness == Requiredness::Optional {
                field.requiredness = Requiredness::Default;
            }
        }
        self.check_throws(program, thrown, &exceptions);
        self.check_oneway(program, node);
        let arguments = self.with_defaults(program, &node.arguments, arguments);
        let exceptions = self.with_defaults(program, thrown, exceptions);
        Some(Function {
            name: self.name(program, node.name),
            oneway: is_oneway(node),
            result: result?,
            arguments,
            throws: exceptions,
            annotations: self.annotations(program, node.annotations.as_deref()),
            doc: self.doc(program, node.doc),
            line: self.line(program, node.name),
        })
    }

    /// thriftpy2 takes any type in `throws`, Apache's compiler only exceptions.
    fn check_throws(&mut self, program: ProgramId, nodes: &[syntax::Field], fields: &Fields) {
        for (index, node) in nodes.iter().enumerate() {
            if fields.ty(index).is_some_and(|ty| !self.is_exception(ty)) {
                let diagnostic = self.diagnostic(
                    Code::NotAnException,
                    program,
                    node.ty.span,
                    "only an exception can be thrown",
                );
                self.report(diagnostic);
            }
        }
    }

    /// thriftpy2 takes what Apache's compiler refuses: nobody waits for it.
    fn check_oneway(&mut self, program: ProgramId, node: &syntax::Function) {
        if !is_oneway(node) {
            return;
        }
        let answers = match (&node.result, &node.throws) {
            (ReturnType::Type(ty), _) => Some((ty.span, "a `oneway` function returns nothing")),
            (_, Some(throws)) => Some((throws.span, "a `oneway` function throws nothing")),
            _ => None,
        };
        if let Some((span, message)) = answers {
            let diagnostic = self.diagnostic(Code::OnewayAnswer, program, span, message);
            self.report(diagnostic);
        }
    }

    fn report_recursive_services(&mut self, services: &[Service]) {
        // 0: not seen, otherwise the number of the walk that has seen it.
        let mut seen = vec![0_usize; services.len()];
        for start in 0..services.len() {
            let walk = start + 1;
            let mut current = start;
            while seen[current] == 0 {
                seen[current] = walk;
                match services[current].extends {
                    Some(next) => current = next.index(),
                    None => break,
                }
            }
            let closes = seen[current] == walk && services[current].extends.is_some();
            if closes {
                let Site { program, node } = self.services[current];
                let name = self.text(program, node.name.span);
                let span = node.extends.unwrap_or(node.name).span;
                let diagnostic = self.diagnostic(
                    Code::RecursiveService,
                    program,
                    span,
                    format!("the service `{name}` extends itself in the end"),
                );
                self.report(diagnostic);
            }
        }
    }

    /// Here and in thriftpy2 the function of the service that extends the other counts;
    /// Apache's compiler refuses such a file.
    fn report_overrides(&mut self, services: &[Service]) {
        let mut heirs = vec![Vec::new(); services.len()];
        for (index, service) in services.iter().enumerate() {
            if let Some(base) = service.extends {
                heirs[base.index()].push(index);
            }
        }
        // Each once, its heirs before it is left: a chain of services may be longer
        // than the stack, and than there is time to walk along it from each of them.
        let is_base = |index: &usize| services[*index].extends.is_none();
        let mut steps: Vec<(usize, bool)> = (0..services.len())
            .filter(|index| is_base(index) && !heirs[*index].is_empty())
            .map(|index| (index, false))
            .collect();
        let mut inherited: HashMap<&str, Vec<(&Service, &Function)>> = HashMap::new();
        while let Some((index, is_left)) = steps.pop() {
            let service = &services[index];
            for function in &service.functions {
                let of_name = inherited.entry(&*function.name).or_default();
                if is_left {
                    of_name.pop();
                    continue;
                }
                if let Some((base, other)) = of_name.last()
                    && !std::ptr::eq(*base, service)
                {
                    self.report_override(service, function, base, other);
                }
                of_name.push((service, function));
            }
            if !is_left {
                steps.push((index, true));
                steps.extend(heirs[index].iter().map(|heir| (*heir, false)));
            }
        }
    }

    fn report_override(
        &mut self,
        service: &Service,
        function: &Function,
        base: &Service,
        inherited: &Function,
    ) {
        let message = format!(
            "`{}` inherits a function `{}`, beside which Apache's compiler refuses another",
            service.name, function.name
        );
        let diagnostic = self
            .diagnostic(
                Code::OverriddenFunction,
                service.program,
                function.name.span(),
                message,
            )
            .related(
                self.source(base.program),
                inherited.name.span(),
                "inherited from here",
            );
        self.report(diagnostic);
    }
}
