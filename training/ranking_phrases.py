"""MedQuAD asks by template; people do not. Other words for its kinds of question."""

PHRASES: dict[str, tuple[str, ...]] = {
    "information": (
        "what is {}", "{}", "{} overview", "tell me about {}", "definition of {}",
        "what do I need to know about {}?", "explain {}",
    ),
    "symptoms": (
        "{} symptoms", "signs of {}", "What are the signs of {}?", "how do I recognise {}?",
        "symptoms of {}", "how does {} present?",
        "what does {} feel like", "clinical features of {}", "how do I know if I have {}?",
        "typical presentation of {}",
    ),
    "treatment": (
        "treatment of {}", "{} treatment", "how is {} treated?", "management of {}",
        "What is the treatment of {}?", "how do I treat {}?", "what should I give for {}?",
        "How should {} be managed?", "What is used to treat {}?", "best treatment for {}",
        "therapy for {}", "what can be done about {}?", "how do you manage a patient with {}?",
        "drugs for {}",
    ),
    "inheritance": (
        "how is {} inherited", "is {} hereditary?", "{} inheritance pattern",
        "can my children get {} from me?", "is {} passed down in families?",
        "genetics of {}: dominant or recessive?",
    ),
    "frequency": (
        "how common is {}", "{} prevalence", "incidence of {}", "how rare is {}?",
        "epidemiology of {}",
    ),
    "genetic changes": (
        "which gene causes {}", "{} gene mutation", "mutations in {}", "genes involved in {}",
        "what is the genetic basis of {}?",
    ),
    "causes": (
        "cause of {}", "{} causes", "What is the cause of {}?", "what causes {}?",
        "why do people get {}?", "aetiology of {}",
        "what leads to {}?",
    ),
    "exams and tests": (
        "diagnosis of {}", "{} diagnosis", "how do I diagnose {}?", "What are the tests for {}?",
        "how is {} diagnosed?", "tests for {}",
        "which investigations are needed for {}?", "work-up of suspected {}",
    ),
    "research": (
        "clinical trials for {}", "{} research", "ongoing studies of {}",
        "what new is being studied in {}?",
    ),
    "outlook": (
        "{} prognosis", "prognosis of {}", "life expectancy with {}", "survival in {}",
        "how will {} develop?",
    ),
    "susceptibility": (
        "risk factors for {}", "{} risk factors", "who gets {}?", "who is likely to have {}?",
    ),
    "prevention": (
        "prevention of {}", "how can I avoid {}?", "{} prevention", "can {} be prevented?",
    ),
    "considerations": (
        "diet in {}", "what should I eat with {}?", "living with {}", "advice for people with {}",
    ),
    "stages": ("{} stages", "staging of {}", "how is {} staged?"),
    "complications": (
        "complications of {}", "{} complications", "what problems can {} cause?",
    ),
}  # fmt: skip
