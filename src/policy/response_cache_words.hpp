// SPDX-License-Identifier: MIT
// policy/response_cache_words.hpp - the words that turn a question's meaning, and those that do not touch it.
#ifndef AIKIT_SRC_POLICY_RESPONSE_CACHE_WORDS_HPP
#define AIKIT_SRC_POLICY_RESPONSE_CACHE_WORDS_HPP

#include <string_view>

namespace aikit::inline v0::policy {

// Words as text::words gives them: folded, apostrophes left out. Each list is separated by blanks.

/// Say that something is not so.
inline constexpr std::string_view negating_words =
    // English
    "not no never none nothing nobody nowhere neither nor without except excluding exclude excludes excluded unless "
    "cannot cant dont doesnt didnt wont wouldnt shouldnt couldnt isnt arent wasnt werent hasnt havent hadnt mustnt "
    "neednt aint avoid avoids avoiding fail fails failed failing lack lacks lacking hardly barely scarcely rarely "
    "seldom instead rather refuse refuses stop stops prevent prevents deny denies non minus omit omitting ignore "
    // German
    "nicht kein keine keinen keinem keiner keines nie niemals nichts niemand niemanden nirgends ohne außer ausser "
    "ausgenommen weder noch kaum selten statt anstatt "
    // French
    "ne pas jamais rien personne aucun aucune sans sauf excepté ni guère hormis nul nulle "
    // Spanish
    "nunca jamás nada nadie ningún ninguno ninguna sin excepto salvo ni tampoco apenas";

/// Numbers that are written out, and what counts like one.
inline constexpr std::string_view number_words =
    // English
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands "
    "million millions billion billions trillion half third thirds quarter quarters dozen dozens once twice thrice "
    "single double triple quadruple pair first second fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "twentieth hundredth last final penultimate percent percentage "
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday "
    // German
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig hundert "
    "tausend millionen halb halbe hälfte drittel viertel dutzend doppelt dreifach erste ersten erster erstes zweite "
    "zweiten zweiter dritte dritten dritter vierte letzte letzten letzter prozent januar februar märz mai juni juli "
    "oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag "
    // French
    "zéro deux trois quatre cinq sept huit neuf dix onze douze vingt trente quarante cinquante cent cents mille "
    "demi demie moitié tiers quart premier première deuxième troisième dernier dernière pourcent janvier février mars "
    "avril juin juillet août septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi samedi dimanche "
    // Spanish
    "cero dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cuarenta cincuenta cien ciento mil "
    "mitad tercio cuarto primero primera segundo segunda tercero tercera último última enero febrero marzo abril mayo "
    "junio julio agosto septiembre octubre noviembre diciembre lunes martes miércoles jueves viernes sábado domingo";

/// Words that have an opposite, or say how much, when, where or in which direction.
inline constexpr std::string_view turning_words =
    // English: how much
    "all any some every each both either only just almost nearly exactly about always sometimes often usually mostly "
    "more less most least fewer few many much several enough too over under above below beyond within outside inside "
    "minimum maximum minimal maximal min max minimise minimize maximise maximize at best worst better worse good bad "
    "increase decrease increased decreased increasing decreasing rise fall grow shrink gain lose raise lower upper "
    "high low higher highest lowest big small bigger smaller biggest smallest large larger largest long short longer "
    "shorter longest shortest fast slow faster slower fastest slowest cheap expensive cheaper cheapest costliest near "
    "far nearest farthest hot cold warm cool heavy light strong weak hard soft easy difficult thick thin wide narrow "
    "deep shallow rich poor full empty "
    // English: when
    "before after since until till during while ago later earlier early late now then today tomorrow yesterday next "
    "previous past future current former latter old new older newer oldest newest latest earliest ancient modern begin "
    "end start finish beginning ending morning evening night day week month year hourly daily weekly monthly yearly "
    "annual annually hour minute hours minutes seconds days weeks months years "
    // English: where and whither
    "left right up down top bottom front back north south east west northern southern eastern western into onto off on "
    "out in forward backward forwards backwards clockwise counterclockwise upstream downstream import export upload "
    "download send receive push pull from "
    // English: opposites
    "enable disable enabled disabled enabling disabling allow forbid allowed forbidden permit prohibit grant revoke "
    "accept reject approve open close opened closed opening closing add remove insert delete create destroy install "
    "uninstall lock unlock locked unlocked encrypt decrypt encode decode compress decompress mount unmount attach "
    "detach connect disconnect connected disconnected subscribe unsubscribe include includes including hide "
    "show hidden visible activate deactivate active inactive online offline public private internal external inner "
    "outer buy sell buying selling bought sold lend borrow win lost won defeat love hate dislike safe unsafe "
    "dangerous legal illegal lawful unlawful possible impossible true false correct incorrect right wrong valid "
    "invalid unknown happy unhappy healthy unhealthy friendly unfriendly available unavailable able unable "
    "necessary unnecessary required optional mandatory advantage disadvantage advantages disadvantages pro con pros "
    "cons benefit benefits drawback drawbacks risk risks strength weakness strengths weaknesses positive negative "
    "cause effect causes effects reason reasons result results question answer problem solution input output inputs "
    "outputs read write client server parent child ancestor descendant master slave primary secondary synchronous "
    "asynchronous static dynamic manual automatic male female man woman men women boy girl father mother son daughter "
    "husband wife brother sister king queen adult adults child children dog cat alive dead born died birth death "
    "same different equal unequal similar identical with against for alone ascending descending horizontal vertical "
    "ally enemy friend foe teach learn ask told legalise ban support oppose supports opposes succeed success failure "
    "should must might will shall did was were had "
    // German
    "alle alles jede jeder jedes beide nur fast immer manchmal oft meistens mehr weniger meist meisten wenigsten viel "
    "viele wenig wenige über unter oberhalb unterhalb innerhalb außerhalb mindestens höchstens minimal maximal vor "
    "nach bevor nachdem seit bis während früher später heute morgen gestern nächste nächsten vorige aktuell alt neu "
    "älteste neueste links rechts oben unten nord süd ost west norden süden osten westen hinein hinaus von zu aus ein "
    "an ab auf aktivieren deaktivieren aktiviert deaktiviert einschalten ausschalten erlauben verbieten erlaubt "
    "verboten öffnen schließen hinzufügen entfernen löschen installieren deinstallieren kaufen verkaufen groß klein "
    "größer kleiner größte kleinste hoch niedrig höher höchste niedrigste schnell langsam schneller langsamer teuer "
    "billig günstig günstigste teuerste gut schlecht besser schlechter beste schlechteste sicher unsicher legal "
    "illegal möglich unmöglich richtig falsch vorteil nachteil vorteile nachteile ursache wirkung mit gegen für "
    "gleich verschieden erhöhen senken steigen fallen mann frau "
    // French
    "tous toutes tout toute chaque seulement presque toujours parfois souvent plus moins beaucoup peu sur sous dessus "
    "dessous dedans dehors minimum maximum minimal maximal avant après depuis jusque pendant hier demain aujourdhui "
    "prochain prochaine précédent précédente ancien ancienne nouveau nouvelle gauche droite haut bas nord sud est "
    "ouest activer désactiver activé désactivé autoriser interdire autorisé interdit ouvrir fermer ajouter supprimer "
    "installer désinstaller acheter vendre grand petit grande petite rapide lent cher bon mauvais meilleur "
    "meilleure pire mieux sûr dangereux légal illégal possible impossible vrai faux avantage avantages inconvénient "
    "inconvénients cause effet avec contre pour même différent augmenter diminuer baisser homme femme de vers "
    // Spanish
    "todos todas todo toda cada solo sólo casi siempre veces más menos mucho poco sobre bajo encima debajo dentro "
    "fuera "
    "mínimo máximo antes después desde hasta durante ayer mañana hoy próximo próxima anterior viejo nuevo vieja nueva "
    "izquierda derecha arriba abajo norte sur este oeste activar desactivar activado desactivado permitir prohibir "
    "permitido prohibido abrir cerrar añadir agregar eliminar borrar instalar desinstalar comprar vender grande "
    "pequeño pequeña rápido lento caro barato bueno malo mejor peor seguro peligroso legal ilegal posible imposible "
    "verdadero falso ventaja ventajas desventaja desventajas causa efecto con contra para mismo diferente aumentar "
    "disminuir reducir subir bajar hombre mujer hacia";

/// Articles and politeness: with or without them a question is the same.
inline constexpr std::string_view filling_words =
    "a an the please kindly hi hello hey thanks thank you me tell give explain describe know want like need "
    "i id im ill could can would do does is are whats what which that this there of so well "
    "bitte hallo danke der die das den dem des ein eine einen einem einer eines mir mal "
    "le la les un une des du sil vous plaît plait bonjour merci moi "
    "el los las una unos unas por favor hola gracias me dime";

/// What sentences begin with that is no name.
inline constexpr std::string_view starting_words =
    "how why when where who whom whose if in on at by for from to with as my your our their his her its it he she we "
    "they find write make list show define compare summarise summarize translate calculate convert list name suggest "
    "recommend provide help let has have had was were will shall should may might must did be been also and or but "
    "then now all some any get put set use using was wie warum wann wo wer welche welcher welches wieviel ist sind "
    "kann "
    "können darf soll muss hat haben wird werden ich wir mein meine gibt nenne zeige erkläre schreibe finde comment "
    "pourquoi quand où qui que quoi quel quelle quels quelles combien estce est sont peut peuton puisje dois jai mon "
    "ma "
    "mes donne écris trouve explique cómo por qué cuándo dónde quién cuál cuáles cuánto cuánta cuántos cuántas es son "
    "puede puedo puedes debo tengo mi mis escribe busca explica muestra";

}  // namespace aikit::inline v0::policy

#endif  // AIKIT_SRC_POLICY_RESPONSE_CACHE_WORDS_HPP
